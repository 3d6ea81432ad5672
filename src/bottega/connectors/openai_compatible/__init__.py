"""Servers that speak OpenAI's HTTP interface: OpenAI itself, Ollama, vLLM, Text Embeddings Inference and others."""
