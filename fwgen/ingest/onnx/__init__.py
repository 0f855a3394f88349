"""ONNX and QONNX files -> drafts of bundles."""
