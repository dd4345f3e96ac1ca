"""What can be wrong with a provider's connection, and what to do about it: a table, and how to find one's row."""

from typing import Final

import httpx

from app.providers.failures import failure_class

ADVICE: Final = {
    "blocked_url": "This base URL can't be used.",
    "dns": "The host name has no address. Check its spelling, and that the gateway's machine can resolve it.",
    "blocked_address": "The name leads to a metadata, link-local, multicast or broadcast address, which is never "
    "dialled.",
    "connect": "Nothing answers at this host and port. Check both, and whether a firewall is between.",
    "timeout": "There was no answer in time. A firewall may drop the packets, or the provider is overloaded or slow "
    "to load the model.",
    "tls": "The TLS handshake failed.",
    "tls_name": "The certificate is for another host name. Use the name the certificate is made for.",
    "tls_untrusted": "The certificate is from an issuer this machine does not trust. Add the issuer to the system's "
    "certificates, or turn the check off for this provider.",
    "tls_expired": "The certificate has expired.",
    "tls_none": "The other side does not speak TLS at this port. Try http:// or another port.",
    "reset": "The connection was closed without an answer. Something between may have cut it.",
    "protocol": "What came is no valid HTTP/1.1. Check the port, and http:// or https://.",
    "too_large": "The answer's headers are too large.",
    "cut": "The answer broke off before its end.",
    "env_missing": "The environment variable that should hold the credential is not set where the gateway runs.",
    "credential_unreadable": "The stored credential can't be decrypted with the present key. Enter it again.",
    "redirect": "The provider points to another address, which is not followed. Enter that address as base URL.",
    "unauthorized": "The credential is not accepted here. Check that it belongs to this provider, and is whole.",
    "payment": "The provider wants to be paid: the account has no credit left.",
    "forbidden": "The credential is known but may not do this. Check its rights, region and project.",
    "not_found": "There is no such path. The base URL probably lacks or doubles /v1.",
    "model_not_found": "The provider does not know this model, or the credential may not use it.",
    "method": "The path does not take this kind of request. The base URL probably leads elsewhere.",
    "rate_limited": "The provider limits requests, or the account's quota is used up.",
    "refused": "The provider did not take the request. Its own words say why.",
    "upstream_error": "The provider has a fault of its own. Try again later.",
    "html": "The answer is a web page: the base URL is that of a website, not of an API.",
    "not_json": "The answer is no JSON, so this is hardly the API. Check the base URL.",
    "not_an_answer": "The answer is not one of this protocol. Check the protocol and the base URL.",
    "no_model": "No model is known to ask. Enter the name of one.",
}
"""By the name of the cause. The dashboard has the same names in its languages."""

_STATUSES: Final = {
    401: "unauthorized",
    402: "payment",
    403: "forbidden",
    404: "not_found",
    405: "method",
    429: "rate_limited",
}
_TLS: Final = (
    (("mismatch", "not valid for"), "tls_name"),
    (("expired",), "tls_expired"),
    (("self-signed", "self signed", "issuer"), "tls_untrusted"),
    (("wrong_version", "record layer", "http_request", "packet length"), "tls_none"),
)
"""Words of OpenSSL, and what they mean."""


def of_status(status: int) -> str:
    """The cause behind an HTTP status that is no success."""
    if 300 <= status < 400:
        return "redirect"
    return _STATUSES.get(status, "upstream_error" if status >= 500 else "refused")


def of_error(error: httpx.TransportError, *, begun: bool) -> str:
    """The cause behind an error of the transport.

    :param begun: the first byte of an answer's body had come.
    """
    failure = failure_class(error, begun=begun)
    if failure.startswith("timeout"):
        return "timeout"
    if failure == "tls":
        said = str(error).lower()
        return next((cause for words, cause in _TLS if any(word in said for word in words)), "tls")
    return "cut" if begun and failure == "reset" else failure
