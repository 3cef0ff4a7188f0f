"""Who asks is what the front proxy says, and nobody else's word counts."""

import json

import pytest
from multidict import CIMultiDict

from chippool.visibility.frontproxy import NoFrontProxyError, User, front_proxy, user_of

CONFIG = {
    "requestheader-client-ca-file": "PEM",
    "requestheader-allowed-names": '["front-proxy-client"]',
    "requestheader-username-headers": '["X-Remote-User"]',
    "requestheader-uid-headers": '["X-Remote-Uid"]',
    "requestheader-group-headers": '["X-Remote-Group"]',
    "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
}
PROXY = front_proxy({"data": CONFIG})
ANN = CIMultiDict(
    [
        ("X-Remote-User", "ann"),
        ("x-remote-uid", "42"),
        ("X-Remote-Group", "ads"),
        ("X-Remote-Group", "system:authenticated"),
        ("X-Remote-Extra-Example.com%2fReason", "one"),
        ("X-Remote-Extra-Example.com%2fReason", "two"),
        ("Authorization", "Bearer of-nobody"),
    ]
)


def a_certificate(*names):
    """As `ssl.SSLSocket.getpeercert` shows one."""
    return {"subject": tuple((("commonName", name),) for name in names)}


def test_everything_the_proxy_says_of_a_user_is_taken():
    assert user_of(PROXY, a_certificate("front-proxy-client"), ANN) == User(
        "ann", "42", ("ads", "system:authenticated"), {"example.com/reason": ("one", "two")}
    )


@pytest.mark.parametrize("certificate", [None, {}, a_certificate(), a_certificate("ann"), a_certificate("")])
def test_without_the_proxys_certificate_nobody_is_anybody(certificate):
    assert user_of(PROXY, certificate, ANN) is None


def test_a_request_without_a_user_is_nobodys():
    assert user_of(PROXY, a_certificate("front-proxy-client"), CIMultiDict()) is None
    assert user_of(PROXY, a_certificate("front-proxy-client"), CIMultiDict({"X-Remote-User": ""})) is None


def test_where_no_names_are_listed_any_that_the_authority_signed_will_do():
    anybody = front_proxy({"data": CONFIG | {"requestheader-allowed-names": "[]"}})
    assert user_of(anybody, a_certificate("whoever"), ANN).name == "ann"
    assert user_of(anybody, {}, ANN) is None


def test_the_first_of_several_headers_that_says_something_names_the_user():
    two = front_proxy({"data": CONFIG | {"requestheader-username-headers": json.dumps(["X-One", "X-Two"])}})
    certificate = a_certificate("front-proxy-client")
    assert user_of(two, certificate, CIMultiDict({"X-One": "", "X-Two": "bob"})).name == "bob"


@pytest.mark.parametrize("config", [None, {}, {"data": {"client-ca-file": "PEM"}}])
def test_a_cluster_without_aggregation_is_told_what_to_do(config):
    with pytest.raises(NoFrontProxyError, match="requestheader-client-ca-file"):
        front_proxy(config)
