// node-oidc-provider: certified and strict. It demands PKCE and an exact redirection URI, names itself in `iss`,
// replaces every refresh token, and takes back what came from one that is sent again.
// It prints its address, and serves until it is killed. Its person signs in and consents at once.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const { CLIENT_ID, CLIENT_SECRET, REDIRECT_URI } = process.env;
const PERSON = 'admin';

const settings = {
  clients: [
    {
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      redirect_uris: [REDIRECT_URI],
      grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_basic',
    },
  ],
  scopes: ['openid', 'https://gateway.remote.com/company.manage'],
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  pkce: { required: () => true },
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  routes: { authorization: '/auth/oauth2/authorize', token: '/auth/oauth2/token' },
};

// The issuer is known once there is a port.
const server = createServer().listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, settings);
  const serve = provider.callback();

  async function consent(request, response) {
    const { params } = await provider.interactionDetails(request, response);
    const grant = new provider.Grant({ accountId: PERSON, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    const result = { login: { accountId: PERSON }, consent: { grantId: await grant.save() } };
    await provider.interactionFinished(request, response, result);
  }

  server.on('request', (request, response) => {
    if (!request.url.startsWith('/interaction/')) return serve(request, response);
    return consent(request, response).catch((error) => response.writeHead(500).end(String(error)));
  });
  console.log(issuer);
});
