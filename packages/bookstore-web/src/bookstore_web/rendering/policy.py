"""What the document of a version may do in a browser, and the scripts that it gets.

The document has an origin of its own. Only our scripts run in it: those that carry the
number of this response (`nonce`), which stand before anything that others wrote. It
loads nothing but these, and images and sounds inside the document; it sends no forms
and has no frames. Links open in a new tab when they are clicked.
"""

import json
import secrets
from collections.abc import Mapping
from html import escape

from bookstore_web.rendering.renderers import renderers

FRAME_SANDBOX = "allow-scripts allow-popups allow-popups-to-escape-sandbox"

#: Where the scripts are put into a document.
MARK = "<!--scripts-->"


def frame_policy(nonce: str) -> str:
    """Return the policy of a document whose scripts carry this number."""
    return "; ".join(
        [
            f"sandbox {FRAME_SANDBOX}",
            "default-src 'none'",
            f"script-src 'nonce-{nonce}'",
            "img-src data: blob:",
            "media-src data:",
            "font-src data:",
            "style-src 'unsafe-inline'",
            "connect-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
        ]
    )


def frame_headers(nonce: str) -> Mapping[str, str]:
    """Return the headers of a document whose scripts carry this number."""
    return {
        "Content-Security-Policy": frame_policy(nonce),
        # Browsers refuse any other value for a document with `sandbox`.
        "Cross-Origin-Opener-Policy": "unsafe-none",
        "X-Content-Type-Options": "nosniff",
        "X-DNS-Prefetch-Control": "off",
        "Referrer-Policy": "no-referrer",
        "Content-Type": "text/html; charset=utf-8",
    }


def with_scripts(document: str, base_url: str) -> tuple[str, Mapping[str, str]]:
    """Return a document with our scripts, for one response, and its headers."""
    nonce = secrets.token_urlsafe(18)
    known = renderers()
    addresses = {name: base_url + item.address for name, item in known.items()}
    script = (
        f'<script nonce="{nonce}" src="{escape(addresses["frame"])}" '
        f'data-renderers="{escape(json.dumps(addresses))}"></script>'
    )
    return document.replace(MARK, script, 1), frame_headers(nonce)
