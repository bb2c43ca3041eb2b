"""The ξ-table written down: plain text and Markdown, LaTeX, HTML, and in the colours of a terminal."""
