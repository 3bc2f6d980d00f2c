"""What the user says."""

from vesal.prompts.prompt import Box, Click, Point, Prompt

__all__ = ["Box", "Click", "Point", "Prompt"]
