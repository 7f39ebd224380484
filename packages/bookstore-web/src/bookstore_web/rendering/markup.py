"""HTML that others wrote, made harmless and kept within its place in the document.

Scripts in it are data of an unknown type, and elements that would open connections have
other names. This is a second line: the policy of the document forbids both, too.

HTML may end in the middle of an element, a comment or a text area, which would take in
the rest of the document. `set_apart` marks its begin and end, and `finish` turns the
marks into what ends all that is open.
"""

import re

#: Marks around HTML, of characters that `cells.py` removes from all that is shown.
BEGIN, END = "\x01", "\x02"

#: Elements that could open a connection in advance in spite of the policy, would be
#: shown empty, or take in all that follows. Names end as in HTML's tokenizer, so that
#: every such element matches.
REACHING_OUT = re.compile(
    r"<(/?)(applet|base|embed|form|frame|frameset|iframe|link|meta|object|plaintext"
    r"|portal)(?=[\s/>])",
    re.IGNORECASE,
)
#: The first attribute of a name counts: a later type or nonce does not.
SCRIPT = re.compile(r"<script(?=[\s/>])", re.IGNORECASE)
INERT_SCRIPT = '<script type="text/inert" nonce=""'

#: The parser of browsers closes nothing outside of an applet from inside it, and ends
#: the styles of letters with it. It is an element that browsers know no more.
OPEN = '<applet class="apart">'
#: Ends a quoted attribute, a tag and a comment; then all elements that contain text
#: only, or are parsed by other rules. Where nothing is open, nothing of it is shown.
CLOSE = (
    "<!-- '\"><!-- --></script></style></textarea></title></xmp></noembed></noframes>"
    "</noscript></template></select></svg></math></table></applet>"
)


def set_apart(html: str) -> str:
    """Return HTML with marks around it."""
    return f"{BEGIN}{html}{END}"


def finish(body: str) -> str:
    """Return the body of the document, with all HTML harmless and in its place."""
    body = REACHING_OUT.sub(r"<\1x-\2", body)
    body = SCRIPT.sub(INERT_SCRIPT, body)
    # Links within the document open in the same frame.
    body = body.replace(' href="#', ' target="_self" href="#')
    return body.replace(BEGIN, OPEN).replace(END, CLOSE)
