"""Two small things that whoever counts readings needs, without numpy."""


def share(part: float, whole: float) -> float:
    """Give part of whole, rounded; 0 for none."""
    return round(part / whole, 4) if whole else 0.0


def one_z(code: str) -> str:
    """Give the code as a class of its own, or Z for what is no environmental matter."""
    return "Z" if code[0] == "Z" else code
