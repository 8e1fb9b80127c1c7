import type { IntegrationResource } from '../admin/operations/integrations.ts'
import type { MigratedIntegration } from '../admin/operations/migrate-integration.ts'
import { card, table } from './table.ts'
import { timeOr, timeText } from './time-text.ts'
import { countText } from './usage/words.ts'

/** The request that takes the place of the login, for a shell. The secret is not in it: it would be in a history. */
export function requestOf({ tokenEndpoint, client }: MigratedIntegration): string {
  return [
    `curl -s ${shellWord(tokenEndpoint)} -d grant_type=client_credentials`,
    `--data-urlencode ${shellWord(`client_id=${client.id}`)} --data-urlencode "client_secret=$CLIENT_SECRET"`,
  ].join(' \\\n  ')
}

/** What was made, and what is to be done by those who own the integration. */
export function migratedText(migrated: MigratedIntegration, secret: string | null): string {
  const { integration, client, tokenEndpoint } = migrated
  const { username } = integration
  const made = card([
    ['client_id', client.id],
    ['client_secret', secret],
    ['name', client.name],
    ['scopes', client.scopes.join(' ') || 'none'],
    ['roles', client.roles.join(' ') || 'none'],
    ['claims', Object.keys(client.claims).length === 0 ? null : JSON.stringify(client.claims)],
    ['token endpoint', tokenEndpoint],
  ])
  return `The integration ${username} has the client ${client.id}.

${made}
In place of the login it sends this request:

${requestOf(migrated)}

In the integration
- take the user name and the password out, and put the client_id and the secret in;
- send the parameters as a form (application/x-www-form-urlencoded), not as JSON;
- keep the access token for as long as expires_in says, and then ask again: there is no refresh token.

The login works on meanwhile. Follow it: mintkeeper integration status ${shellWord(username)}
`
}

export function integrationCard(integration: IntegrationResource): string {
  const { user, username, client, migratedAt, lastOldAt, lastTokenAt, lastNewAt, newCalls } = integration
  return card([
    ['user', username === user ? username : `${username} (${user})`],
    ['client', client],
    ['migrated', timeText(migratedAt)],
    ['login used', timeOr(lastOldAt, 'not that one knows')],
    ['tokens used', lastTokenAt === null ? null : timeText(lastTokenAt)],
    ['silent for', daysText(integration)],
    ['client used', timeOr(lastNewAt, 'never')],
    ['its tokens', countText(newCalls)],
    ['state', STATES[integration.state]],
  ])
}

export function integrationTable(integrations: readonly IntegrationResource[]): string {
  const list = table<IntegrationResource>(
    [
      { title: 'user', value: ({ username }) => username },
      { title: 'client', value: ({ client }) => client },
      { title: 'login used', value: ({ lastOldAt }) => timeOr(lastOldAt, 'unknown') },
      { title: 'silent for', value: daysText, align: 'right' },
      { title: 'client used', value: ({ lastNewAt }) => timeOr(lastNewAt, 'never') },
      { title: 'its tokens', value: ({ newCalls }) => countText(newCalls), align: 'right' },
      { title: 'state', value: ({ state }) => STATES[state] },
    ],
    integrations,
    'No integration was migrated yet. Who still logs in: mintkeeper usage --grant password',
  )
  const silent = integrations.filter(({ state }) => state === 'silent')
  if (silent.length === 0) return list
  return `${list}\n${silent.map((integration) => `${adviceOn(integration)}\n`).join('')}`
}

/** What to do next. */
export function adviceOn({ state, username, client }: IntegrationResource): string {
  switch (state) {
    case 'client_unused':
      return `The integration does not ask with its client yet. A new secret: mintkeeper client rotate-secret ${shellWord(client)}`
    case 'login_used':
      return 'The login is used still, or was until lately. Who, and from where: mintkeeper usage --json'
    case 'token_used':
      return 'Nobody logs in any more, but tokens of the login are used still, and would end with it. Where, and from where: mintkeeper usage --json'
    case 'silent':
      return `The login can be disabled: mintkeeper integration finish ${shellWord(username)}`
    case 'finished':
      return `If it is missed after all: mintkeeper user enable ${shellWord(username)}`
    case 'no_client':
      return `Its client is gone or disabled. A new one, once it is deleted: mintkeeper integration migrate ${shellWord(username)}`
  }
}

const STATES = {
  client_unused: 'client not used yet',
  login_used: 'login used',
  token_used: 'tokens used',
  silent: 'silent',
  finished: 'login disabled',
  no_client: 'no client any more',
} as const satisfies Record<IntegrationResource['state'], string>

function daysText({ silentDays }: IntegrationResource): string {
  return silentDays === 1 ? '1 day' : `${countText(silentDays)} days`
}

/** As a shell reads it as one word. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
