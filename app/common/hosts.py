"""Addresses to listen on."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether only processes of this machine reach it. A name other than `localhost` may lead anywhere."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
