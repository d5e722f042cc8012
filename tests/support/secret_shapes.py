"""Secrets by their shape, with what must stay readable beside them; and texts that only look a little like it.

None of these was ever anybody's: they are made up in the shape that vendors document.
"""

from __future__ import annotations

_HEX = "0123456789abcdef0123456789abcdef"
_B64 = "QWxhZGRpbjpvcGVuIHNlc2FtZQ"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{_B64}\n{_B64}\n-----END RSA PRIVATE KEY-----"

SHAPES: dict[str, tuple[str, str, str]] = {
    # name: (text, the part that must go, what must stay)
    "postgres": ("connect postgresql://erp:hun/ter2@db.internal:5432/erp failed", "hun/ter2", "@db.internal:5432/erp failed"),
    "redis": ("redis://:s3cret@cache:6379/0", "s3cret", "cache:6379"),
    "http": ("GET https://user:pa55word@api.example.com/x", "pa55word", "api.example.com/x"),
    "driver": ("postgresql+psycopg://erp:hunter2@db/erp", "hunter2", "@db/erp"),
    "presigned": (
        "https://b.s3.amazonaws.com/st/2026/a.pdf?X-Amz-Algorithm=AWS4&X-Amz-Credential=AKIDEXAMPLE%2F2026"
        f"&X-Amz-Date=20261124T000000Z&X-Amz-Signature={_HEX}&response-content-type=application%2Fpdf",
        _HEX, "https://b.s3.amazonaws.com/st/2026/a.pdf?X-Amz-Algorithm=AWS4",
    ),
    "presigned credential": ("https://b/x?X-Amz-Credential=AKIDEXAMPLE%2F2026&a=1", "AKIDEXAMPLE", "&a=1"),
    "presigned token": (f"x?a=1&X-Amz-Security-Token={_B64}%3D&b=2", _B64, "&b=2"),
    "old presigned": ("https://b/x?AWSAccessKeyId=AKIDX&Signature=vjbyPxybdZaNmGa%2ByT272YEAiv4%3D&Expires=1", "vjbyPxybdZaNmGa", "Expires=1"),
    "google presigned": (f"https://storage/x?X-Goog-Signature={_HEX}", _HEX, "https://storage/x"),
    "access token": ("https://api/x?access_token=abcdef&page=2", "abcdef", "page=2"),
    "sas": ("https://acct.blob/x?sv=2022&sig=a%2Bb%3D&se=2026", "a%2Bb%3D", "se=2026"),
    "html query": ("x?a=1&amp;token=abcdef", "abcdef", "a=1"),
    "bearer": (f"Authorization: Bearer {_HEX}", _HEX, "Authorization"),
    "bearer alone": (f"sent Bearer {_HEX} and was refused", _HEX, "and was refused"),
    "basic": (f"Basic {_B64}== was refused", _B64, "was refused"),
    "cookie": ("Cookie: a=b; __session=xyz123\nHost: api", "xyz123", "Host: api"),
    "set-cookie": ("set-cookie: sid=xyz123; HttpOnly\r\ndate: now", "xyz123", "date: now"),
    "api key header": ("{'x-api-key': 'abcdef', 'accept': '*/*'}", "abcdef", "'accept': '*/*'"),
    "jwt": (f"token {JWT} is expired", JWT.split(".")[2], "is expired"),
    "aws key id": ("The key AKIAIOSFODNN7EXAMPLE is not active", "AKIAIOSFODNN7EXAMPLE", "is not active"),
    "aws temporary": ("ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", ""),
    "clerk": ("key sk_live_a1b2c3d4e5f6g7h8 refused", "a1b2c3d4e5f6g7h8", "refused"),
    "clerk test": ("sk_test_a1b2c3d4e5f6", "a1b2c3d4e5f6", ""),
    "resend": ("re_12345678_abcdefghijklmnop is restricted", "12345678_abcdefghijklmnop", "is restricted"),
    "inngest": (f"signkey-prod-{_HEX}", _HEX, ""),
    "inngest api": ("sk-inn-api-aB3dE5fG7hI9", "aB3dE5fG7hI9", ""),
    "webhook": ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", ""),
    "github": ("clone https://ghp_16C7e42F292c6912E7710c838347Ae178B4a@github.com/x", "ghp_16C7e42F292c", "github.com"),
    "github new": ("github_pat_11ABCDEFG0abcdefghijkl_mnop", "11ABCDEFG0abc", ""),
    "gitlab": ("glpat-aB3dE5fG7hI9jK1lM3nO", "aB3dE5fG7hI9", ""),
    "slack": ("xoxb-2345678901-abcdefGHIJKL", "2345678901-abcdef", ""),
    "google": ("AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q", "SyA1b2C3d4", ""),
    "sendgrid": ("SG.aB3dE5fG7hI9jK1lM3nO5p.aB3dE5fG7hI9jK1lM3nO5pQ7rS9t", "aB3dE5fG7hI9", ""),
    "openai": ("sk-proj-aB3dE5fG7hI9jK1lM3nO5pQ7", "aB3dE5fG7hI9", ""),
    "pem": (f"cannot read {PEM} as PEM", _B64, "as PEM"),
    "pem cut off": (PEM[:60], _B64[:10], "BEGIN RSA PRIVATE KEY"),
    "assigned": ("retry with password=hunter2 now", "hunter2", "now"),
    "colon": ("password: hunter2", "hunter2", "password"),
    "env": ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\nPATH=/bin", "wJalrXUtnFEMI", "PATH=/bin"),
    "libpq": ("host=db user=erp password='hun ter2' dbname=erp", "hun ter2", "dbname=erp"),
    "json cut off": ('{"tenantId":"acme","apiKey":"abcdef-123","rest":"…', "abcdef-123", '"tenantId":"acme"'),
    "json in json cut off": (r'{"body":"{\"client_secret\":\"abcdef\",\"a\":1', "abcdef", r"\"a\":1"),
    "json": ('{"a": {"clientSecret": "abcdef"}, "b": "stays"}', "abcdef", '"b": "stays"'),
    "json in json": (r'{"body": "{\"token\": \"abcdef\", \"b\": \"stays\"}"}', "abcdef", "stays"),
    "python repr": ("{'password': 'hunter2', 'user': 'erp'}", "hunter2", "'user': 'erp'"),
}  # fmt: skip

HARMLESS = (
    "ECONNREFUSED 10.0.0.7:5432 while rendering statement 01M84RCYDTFRS5K3RNVT5QH14J",
    "S3 503 SlowDown for s3://salina-statements/2026/11/northwind-press/statement-18.pdf",
    "Invalid password for user erp",
    "The token expired; sign in again",
    "Invalid token: expired",
    "Basic authentication failed",
    "Bearer credentials invalid",
    "keyboard interrupt in monkey.py, line 12",
    "https://api.example.com:8080/a@b?page=2&sort=key&author=ada",
    "tenant 550e8400-e29b-41d4-a716-446655440000 has no statement 2026-11",
    'File "/app/jobs/statements.py", line 118, in render\n    raise TimeoutError(f"{url} took too long")',
    "Secretary approved; signature missing on page 3",
    '{"tenantId": "northwind-press", "tokens_used": 118, "author": "ada", "passengers": 3}',
    "asia-southeast1 region akiabara",
    "re_run_of_statement_batch failed",
    "12:30 error: retry 3 of 4",
    "SELECT key, value FROM settings WHERE name = 'tz'",
    "mailto:billing@example.com",
)
