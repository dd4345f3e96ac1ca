"""Which base URLs may be stored, and which addresses dialled."""

import ipaddress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.providers.addresses import BlockedUrl, check_url, is_blocked, literal


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "https://api.anthropic.com",
        "https://my-resource.openai.azure.com/openai/deployments/x@1",
        "HTTPS://API.OPENAI.COM:8443/v1/",
        "http://localhost:11434/v1",
        "http://127.0.0.1:8000",
        "http://127.1",
        "http://[::1]:8000/v1",
        "http://10.0.0.5/v1",
        "http://192.168.1.1",
        "http://172.16.0.1",
        "http://[fd00::1]/v1",
        "http://vllm_server:8000/v1",
        "http://host.docker.internal:1234",
        "http://xn--bcher-kva.example/v1",
        "http://[64:ff9b::8.8.8.8]/",
        "https://example.com./v1",
        "http://1password.example",
    ],
)
def test_usable(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "http://"),
        ("api.openai.com/v1", "http://"),
        ("ftp://example.com", "http://"),
        ("file:///etc/passwd", "http://"),
        ("javascript:alert(1)", "http://"),
        ("http:example.com", "http://"),
        ("https:/example.com", "http://"),
        ("//example.com", "http://"),
        ("http://", "host"),
        ("http:///v1", "host"),
        ("http://:8000/", "host"),
        ("http://user@example.com", "user name"),
        ("http://user:secret-pass@example.com", "user name"),
        ("http://@example.com", "user name"),
        ("http://169.254.169.254:80@example.com/", "user name"),
        ("https://example.com#x", "fragment"),
        ("https://example.com/v1#", "fragment"),
        ("https://example.com/v1?key=1", "query"),
        ("https://example.com?", "query"),
        ("https://example.com\\@169.254.169.254/", "backslash"),
        ("https://example.com/a b", "printable"),
        ("https://example.com/\r\nHost: x", "printable"),
        ("https://exa\tmple.com/", "printable"),
        ("https://example.com/\0", "printable"),
        ("https://bücher.example/", "printable"),
        ("http://169。254。169。254/", "printable"),
        ("http://①⑥⑨.254.169.254/", "printable"),
        ("https://example.com:0/", "port"),
        ("https://example.com:65536/", "port"),
        ("https://example.com:x/", "valid"),
        ("http://[::1", "valid"),
        ("http://exa%6dple.com/", "valid"),
        ("http://a..b/", "valid"),
        ("http://-a.b/", "valid"),
        ("http://" + "a" * 64 + ".b/", "valid"),
        ("http://" + "a." * 150 + "b/", "valid"),
        ("http://1.2.3.4.5/", "valid"),
        ("http://256.1.1.1/", "valid"),
        ("http://a,b/", "valid"),
    ],
)
def test_unusable(url: str, why: str) -> None:
    with pytest.raises(BlockedUrl, match=why) as caught:
        check_url(url)
    assert "secret-pass" not in str(caught.value)


METADATA = [
    "169.254.169.254",
    "169.254.169.254.",
    "2852039166",
    "0xa9fea9fe",
    "0xA9.0xFE.0xA9.0xFE",
    "0251.0376.0251.0376",
    "169.254.43518",
    "0xa9.16689662",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[0:0:0:0:0:ffff:a9fe:a9fe]",
    "[::169.254.169.254]",
    "[::ffff:0:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::a9fe:a9fe]",
    "[2002:a9fe:a9fe::1]",
    "[2001:0:a9fe:a9fe::]",
    "[2001:0:808:808::5601:5601]",
    "[2001:db8::5efe:169.254.169.254]",
    "[2001:db8::200:5efe:a9fe:a9fe]",
    "[fd00:ec2::254]",
    "[fd20:ce::254]",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
]
OTHERS = ["0", "0.0.0.0", "0.1.2.3", "255.255.255.255", "224.0.0.1", "239.1.1.1", "169.254.0.1"]
OTHERS_V6 = [
    "[::]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[febf::1]",
    "[ff02::1]",
    "[::ffff:0.0.0.0]",
    "[::ffff:224.0.0.1]",
]


@pytest.mark.parametrize("host", METADATA + OTHERS + OTHERS_V6)
def test_refused_hosts(host: str) -> None:
    with pytest.raises(BlockedUrl, match=r"metadata|valid"):
        check_url(f"http://{host}/latest/meta-data/")
    address = literal(host.replace("%25", "%"))
    assert address is not None
    assert is_blocked(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "10.0.0.1",
        "fd00::1",
        "8.8.8.8",
        "2606:4700::1111",
    ],
)
def test_allowed_addresses(address: str) -> None:
    assert not is_blocked(address)
    assert not is_blocked(ipaddress.ip_address(address))


def test_is_blocked_wants_an_address() -> None:
    with pytest.raises(ValueError, match="example"):
        is_blocked("example.com")


@given(st.ip_addresses(v=4))
def test_embedded_addresses_are_judged_as_what_they_are(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    for carrier in (0xFFFF << 32, 0x64_FF9B << 96, 0xFFFF << 48):
        assert is_blocked(ipaddress.IPv6Address(carrier | number)) == is_blocked(inner)
    assert is_blocked(ipaddress.IPv6Address(0x2002 << 112 | number << 80)) == is_blocked(inner)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["{}", "0x{:x}", "0{:o}"]))
def test_every_spelling_of_a_number_is_read(number: int, spelling: str) -> None:
    assert literal(spelling.format(number)) == ipaddress.IPv4Address(number)


@given(
    st.text(max_size=40)
    | st.text(alphabet="http:/@#?\\[]%.0123456789abcdefx ", max_size=40).map("http://".__add__)
)
def test_any_text_is_accepted_or_refused(text: str) -> None:
    try:
        check_url(text)
    except BlockedUrl:
        return
    url = httpx.URL(text)
    assert url.scheme in ("http", "https")
    assert url.raw_host
    assert (url.userinfo, url.query, url.fragment) == (b"", b"", "")
