"""The command line and the Gradio application."""
