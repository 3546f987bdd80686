// Every flow by openid-client, and an assertion of jose's.

import * as oauth from 'openid-client'
import { SignJWT } from 'jose'

const { GATEWAY, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, EMPLOYEE } = process.env
const SCOPE = 'https://gateway.remote.com/company.manage'
const server = {
  issuer: GATEWAY,
  authorization_endpoint: `${GATEWAY}/auth/oauth2/authorize`,
  token_endpoint: `${GATEWAY}/auth/oauth2/token`,
}

function client(authentication) {
  const configuration = new oauth.Configuration(server, CLIENT_ID, undefined, authentication)
  oauth.allowInsecureRequests(configuration)
  return configuration
}

async function get(configuration, token, path) {
  return oauth.fetchProtectedResource(configuration, token.access_token, new URL(`${GATEWAY}${path}`), 'GET')
}

const basic = client(oauth.ClientSecretBasic(CLIENT_SECRET))
const partner = await oauth.clientCredentialsGrant(basic)
await get(basic, partner, '/v1/companies')

const pkceCodeVerifier = oauth.randomPKCECodeVerifier()
const expectedState = oauth.randomState()
const address = oauth.buildAuthorizationUrl(basic, {
  redirect_uri: REDIRECT_URI,
  scope: SCOPE,
  state: expectedState,
  code_challenge: await oauth.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
})
const redirect = await fetch(address, { redirect: 'manual' })
const callback = new URL(redirect.headers.get('location'))
const token = await oauth.authorizationCodeGrant(basic, callback, { pkceCodeVerifier, expectedState })
const refreshed = await oauth.refreshTokenGrant(basic, token.refresh_token)
await get(basic, refreshed, '/v1/employments')

const assertion = await new SignJWT({ scope: 'timeoff:read' })
  .setProtectedHeader({ alg: 'HS256' })
  .setIssuer(CLIENT_ID)
  .setSubject(EMPLOYEE)
  .setAudience(`${GATEWAY}/auth`)
  .setIssuedAt()
  .setExpirationTime('5 minutes')
  .sign(new TextEncoder().encode(CLIENT_SECRET))
const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const employee = await oauth.genericGrantRequest(client(oauth.None()), grant, { assertion })
await fetch(`${GATEWAY}/v1/employee/current`, { headers: { authorization: `Bearer ${employee.access_token}` } })
