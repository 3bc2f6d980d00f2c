"""What the user says."""

from vesal.prompts.prompt import Box, Click, Lasso, MaskPrompt, Point, Prompt, Scribble

__all__ = ["Box", "Click", "Lasso", "MaskPrompt", "Point", "Prompt", "Scribble"]
