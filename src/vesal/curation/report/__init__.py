"""From the rows of a curated set to a page, a table in Markdown and numbers in JSON."""
