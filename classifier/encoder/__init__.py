"""The encoder: a small Chinese transformer that reads a text whole, beside the linear model.

`text` and `session` serve it with onnxruntime and the fast tokenizer alone; `network`, `adapt`,
`tune` and `export` train it with torch, and nothing that serves imports them.
"""
