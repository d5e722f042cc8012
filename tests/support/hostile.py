"""Texts that attack whoever shows them. Each is put into every field that a job, a vendor or a visitor fills."""

from __future__ import annotations

EVIL = "evil.example"
CORPUS = (
    "<script>window.pwned=1</script>",
    "<img src=https://evil.example/a.png onerror=window.pwned=1>",
    "<svg/onload=window.pwned=1>",
    '"><iframe src=javascript:parent.pwned=1></iframe>',
    "![pixel](https://evil.example/b.png)",
    "[click me](javascript:window.pwned=1)",
    "[click me](https://evil.example/phish)",
    "https://evil.example/auto-linked www.evil.example/too",
    ":material/bug_report: :red[alarm] :smile: $\\href{https://evil.example}{x}$",
    "# A heading\n\n| a | b |\n|---|---|\n| ![x](//evil.example/c.png) | `code` |",
    "data:text/html,<script>window.pwned=1</script>",
    "\u202egnp.exe \u0000 \ufeff \x1b[31mred",
    '=HYPERLINK("https://evil.example","open me")',
)
"""Reflected and stored scripts, Markdown images and links, addresses that get linked by themselves, icons and
formulas of Streamlit's own Markdown, direction and control characters, spreadsheet formulas."""
