"""How posts are written: Markdown, and what authors, site generators and LaTeX add to it."""
