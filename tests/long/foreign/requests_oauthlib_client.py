"""Every flow by requests-oauthlib, and an assertion of PyJWT's."""

import os
import time

import jwt
import requests
from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

GATEWAY = os.environ["GATEWAY"]
CLIENT_ID, CLIENT_SECRET = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
BASIC = HTTPBasicAuth(CLIENT_ID, CLIENT_SECRET)
TOKEN_ENDPOINT = f"{GATEWAY}/auth/oauth2/token"
SCOPE = "https://gateway.remote.com/company.manage"

partner = OAuth2Session(client=BackendApplicationClient(client_id=CLIENT_ID))
partner.fetch_token(TOKEN_ENDPOINT, auth=BASIC)
partner.get(f"{GATEWAY}/v1/companies").raise_for_status()

company = OAuth2Session(CLIENT_ID, redirect_uri=os.environ["REDIRECT_URI"], scope=[SCOPE], pkce="S256")
address, _ = company.authorization_url(f"{GATEWAY}/auth/oauth2/authorize")
callback = requests.get(address, allow_redirects=False).headers["location"]
token = company.fetch_token(TOKEN_ENDPOINT, authorization_response=callback, auth=BASIC)
assert token["company_id"] and token["user_id"], "a code names who consented"
refreshed = company.refresh_token(TOKEN_ENDPOINT, refresh_token=token["refresh_token"], auth=BASIC)
assert refreshed["refresh_token"] == token["refresh_token"], "refresh tokens do not rotate"
company.get(f"{GATEWAY}/v1/employments").raise_for_status()

now = int(time.time())
claims = {
    "iss": CLIENT_ID,
    "sub": os.environ["EMPLOYEE"],
    "aud": f"{GATEWAY}/auth",
    "iat": now,
    "exp": now + 300,
    "scope": "timeoff:read",
}
form = {
    "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "assertion": jwt.encode(claims, CLIENT_SECRET, algorithm="HS256"),
}
answer = requests.post(TOKEN_ENDPOINT, data=form)
answer.raise_for_status()
bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
requests.get(f"{GATEWAY}/v1/employee/current", headers=bearer).raise_for_status()
