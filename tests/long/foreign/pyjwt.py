"""PyJWT as a witness: reads orders from standard input, and writes what became of each to standard output.

An order to mint has `claims`, `key`, `algorithm` and `headers`; its result is the assertion.
An order to verify has `assertion`, `key`, `issuer` and `audience`; its result is the claims, or the name of the error.
"""

import json
import sys

import jwt


def mint(order):
    return jwt.encode(order["claims"], order["key"], order["algorithm"], order["headers"])


def verify(order):
    try:
        return jwt.decode(
            order["assertion"],
            order["key"],
            algorithms=["HS256"],
            issuer=order["issuer"],
            audience=order["audience"],
            options={"require": ["iss", "sub", "aud", "exp", "iat", "jti"]},
        )
    except jwt.InvalidTokenError as error:
        return type(error).__name__


orders = json.load(sys.stdin)
json.dump([verify(order) if "assertion" in order else mint(order) for order in orders], sys.stdout)
