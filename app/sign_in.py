"""The page that asks a browser for the token, once, and the cookie it leaves there."""

from html import escape
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

ADDRESS = "/sign-in"
_LONGEST = 8_192  # bytes of a form
_A_YEAR = 31_536_000  # seconds
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in to Sightline</title>
<style>
  :root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
  body {{ display: grid; min-height: 90vh; place-items: center; margin: 1rem; }}
  form {{ display: grid; gap: .75rem; width: min(24rem, 100%); }}
  h1 {{ margin: 0; font-size: 1.4rem; }}
  p {{ margin: 0; }}
  input, button {{ font: inherit; padding: .6rem .8rem; border: 1px solid #888; border-radius: .6rem; }}
  button {{ background: #0b6e6e; color: #fff; border: 0; cursor: pointer; }}
  .wrong {{ color: #b3261e; }}
  @media (prefers-color-scheme: dark) {{ .wrong {{ color: #f2b8b5; }} }}
</style>
<form method="post" action="{address}">
  <h1>Sightline</h1>
  <label for="token">Token of this library, as printed where it runs</label>
  <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
  <input name="next" type="hidden" value="{then}">
  <p class="wrong" role="alert">{wrong}</p>
  <button>Sign in</button>
</form>
</html>
"""


def page(then: str, wrong: str = "", status: int = 401) -> Response:
    """Asks for the token; goes to the address `then` after it was right."""
    html = _PAGE.format(address=ADDRESS, then=escape(local(then)), wrong=escape(wrong))
    return HTMLResponse(html, status, {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"})


async def asked_for(request: Request) -> tuple[str, str]:
    """The token that was typed, empty where the form is none, and where to go then."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST:
            return "", "/"
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=8)
    return fields.get("token", [""])[0].strip(), local(fields.get("next", ["/"])[0])


def signed_in(then: str, cookie: str, value: str, *, secure: bool) -> Response:
    """Leaves the cookie: no script reads it, no other site's page sends it."""
    answer = RedirectResponse(local(then), 303)
    answer.set_cookie(cookie, value, max_age=_A_YEAR, httponly=True, samesite="lax", secure=secure)
    return answer


def local(then: str) -> str:
    """An address on this server, / for every other: a sign-in leads to no other site."""
    is_local = then.startswith("/") and not then.startswith(("//", "/\\")) and then.isprintable()
    return then if is_local else "/"
