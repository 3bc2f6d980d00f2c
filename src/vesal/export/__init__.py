"""Models as ONNX files, for programs without torch."""
