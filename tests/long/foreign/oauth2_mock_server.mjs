// oauth2-mock-server: permissive. It knows no client, no code and no refresh token; all that it refuses is a code
// verifier that does not fit.
// It prints its address, and serves until it is killed.
import { OAuth2Server } from 'oauth2-mock-server';

const endpoints = { authorize: '/auth/oauth2/authorize', token: '/auth/oauth2/token' };
const server = new OAuth2Server(undefined, undefined, { endpoints });
await server.issuer.keys.generate('RS256');
await server.start(0, '127.0.0.1');
console.log(`http://127.0.0.1:${server.address().port}`);
