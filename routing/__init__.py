"""Tags to units to done on time: a pure engine, the commands and the stages."""
