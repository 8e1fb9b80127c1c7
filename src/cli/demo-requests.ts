import { DEMO_RESOURCE_SERVER_SECRET } from '../config/demo.ts'

/** A request to try, ready to be pasted into a shell. Each stands for itself: what it needs it asks for. */
export interface DemoRequest {
  readonly title: string
  readonly command: string
}

const CLIENT_ID = '7ZY15L7crVZul8i3PZPrnpOkEURK7xnXEWRZdE6K39M'
const CLIENT_SECRET = 'cxMZ0tbe604qj_13hibNmc3GDsXUQfpzHt9PvweihFc'
const REALM = '/auth/realms/dodici/protocol/openid-connect'

/** Requests to every surface, with the example values of the two API documents. `url` is the token plane's. */
export function demoRequests(url: string): readonly DemoRequest[] {
  const newstoreLogin = form(
    `${url}/v0/token`,
    'grant_type=password',
    'username=myusername@example.com',
    'password=V3lC4EvMV1X5h3HsB_VU',
  )
  const spreeLogin = json(`${url}/spree_oauth/token`, {
    grant_type: 'password',
    username: 'spree@example.com',
    password: 'spree123',
  })
  const asClient = `-u ${CLIENT_ID}:${CLIENT_SECRET}`
  const asResourceServer = `-u orders-api:${DEMO_RESOURCE_SERVER_SECRET}`
  const clientToken = `${form(`${url}/oauth/token`, 'grant_type=client_credentials')} ${asClient}`
  return [
    { title: 'newstore: a user logs in', command: newstoreLogin },
    {
      title: 'newstore: refresh',
      command: form(
        `${url}/v0/refresh_token`,
        'grant_type=refresh_token',
        `refresh_token=${member('refresh_token', newstoreLogin)}`,
      ),
    },
    { title: 'spree: a customer logs in', command: spreeLogin },
    {
      title: 'spree: an admin logs in by way of a client',
      command: json(`${url}/spree_oauth/token`, {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        grant_type: 'password',
        username: 'spree@example.com',
        password: 'spree123',
        scope: 'admin',
      }),
    },
    {
      title: 'spree: client credentials',
      command: json(`${url}/spree_oauth/token`, {
        grant_type: 'client_credentials',
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        scope: 'admin',
      }),
    },
    {
      title: 'spree: refresh',
      command: form(
        `${url}/spree_oauth/token`,
        'grant_type=refresh_token',
        `refresh_token=${member('refresh_token', spreeLogin)}`,
      ),
    },
    {
      title: 'spree: what is this token?',
      command: `curl -s ${url}/spree_oauth/token/info -H "Authorization: Bearer ${member('access_token', spreeLogin)}"`,
    },
    { title: 'standard: client credentials', command: clientToken },
    {
      title: 'standard: a resource server introspects a token',
      command: `${form(`${url}/oauth/introspect`, `token=${member('access_token', clientToken)}`)} ${asResourceServer}`,
    },
    {
      title: 'standard: revoke',
      command: `${form(`${url}/oauth/revoke`, `token=${member('access_token', clientToken)}`)} ${asClient} -w '%{http_code}\\n'`,
    },
    {
      title: 'realm: client credentials, as the migration guide of NewStore has them',
      command: `${form(`${url}${REALM}/token`, 'grant_type=client_credentials')} ${asClient}`,
    },
    { title: 'metadata', command: `curl -s ${url}/.well-known/oauth-authorization-server` },
    { title: 'public keys', command: `curl -s ${url}/.well-known/jwks.json` },
  ]
}

function form(url: string, ...parameters: readonly string[]): string {
  return `curl -s ${url} ${parameters.map((parameter) => `-d ${quoted(parameter)}`).join(' ')}`
}

function json(url: string, body: Readonly<Record<string, string>>): string {
  return `curl -s ${url} -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`
}

/** A member of the JSON that another request answers; `sed`, because not everybody has a JSON tool. */
function member(name: string, request: string): string {
  return `$(${request} | sed 's/.*"${name}":"\\([^"]*\\)".*/\\1/')`
}

function quoted(parameter: string): string {
  if (parameter.includes('$(')) return `"${parameter}"`
  return /^[\w=@.-]+$/.test(parameter) ? parameter : `'${parameter}'`
}
