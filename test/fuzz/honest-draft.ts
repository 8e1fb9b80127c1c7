/** Requests as the documents have them, of users and clients who may do what they ask for. */
import type { Choice } from './choice.ts'
import type { Body, Operation, Schema } from './documents.ts'
import type { Draft } from './draft.ts'
import { ENCODERS, type Encoding } from './encoding.ts'
import type { Pair } from './parameters-arbitrary.ts'
import { CLIENTS, type HeldToken, PEOPLE, type Shown, type Stock } from './stock.ts'
import { CLIENT, HOST, OPAQUE_CLIENT, PUBLIC_CLIENT, RESOURCE_SERVER, SPREE_USERNAME } from './world.ts'

type Said = Readonly<Record<string, unknown>>

/** Who asks, and how that is told. */
interface Asker {
  readonly client: Shown | null
  readonly bearer: HeldToken | null
}

const NOBODY: Asker = { client: null, bearer: null }

export async function honestDraft(operation: Operation, stock: Stock, choice: Choice): Promise<Draft> {
  const body = operation.bodies.length === 0 ? null : choice.of(operation.bodies)
  const template = body === null ? {} : templateOf(body, choice)
  const token = await tokenOf(operation, template, stock, choice)
  const asker = askerOf(operation, template, token, stock, choice)
  const said = body === null ? {} : filled(operation, template, token, asker, choice)
  const asBasic = asker.client !== null && operation.surface !== 'newstore' && choice.percent(50)
  const pairs: readonly Pair[] = [...Object.entries(said), ...(asBasic ? [] : shown(asker.client))]
  const encoding: Encoding = body?.encoding ?? 'none'
  return {
    operation,
    method: operation.method,
    target: operation.path.replace('{tenant}', 'dodici'),
    host: HOST,
    pairs,
    encoding,
    contentType: body === null ? null : ENCODERS[encoding]([]).type,
    basic:
      asBasic && asker.client !== null ? { id: asker.client.id, secret: asker.client.secret ?? '' } : null,
    bearer: asker.bearer?.text ?? null,
    authorization: null,
    headers: [],
    spoil: (bytes) => bytes,
    chunks: null,
    form: 'documented',
    about: token,
    changes: [],
  }
}

function shown(client: Shown | null): readonly Pair[] {
  if (client === null) return []
  return [
    ['client_id', client.id],
    ...(client.secret === null ? [] : [['client_secret', client.secret] as const]),
  ]
}

/** An example of the document, or what its schema makes of chance. */
function templateOf(body: Body, choice: Choice): Said {
  if (body.examples.length > 0 && choice.percent(40)) return choice.of(body.examples)
  const { properties = {}, required = [] } = choice.of(body.schemas)
  const names = Object.keys(properties).filter((name) => required.includes(name) || choice.percent(50))
  // Nothing says in which order they come.
  if (choice.percent(50)) names.reverse()
  return Object.fromEntries(
    names.map((name) => [name, exampleOf(properties[name] ?? {}, body.encoding, choice)]),
  )
}

function exampleOf(
  { enum: options, nullable, example }: Schema,
  encoding: Encoding,
  choice: Choice,
): unknown {
  if (nullable === true && encoding === 'json' && choice.percent(30)) return null
  return options === undefined ? (example ?? '') : choice.of(options)
}

/** The token a request is about. Who ends one gets a new one for it. */
async function tokenOf(
  { surface, endpoint }: Operation,
  template: Said,
  stock: Stock,
  choice: Choice,
): Promise<HeldToken | null> {
  if (endpoint === 'token') {
    if (template.grant_type !== 'refresh_token') return null
    return choice.of(stock.used.filter((token) => token.surface === surface))
  }
  if (endpoint === 'revocation') {
    return await stock.fresh(surface, choice.below(6), choice.percent(50) ? 'access' : 'refresh')
  }
  if (endpoint !== 'introspection' && endpoint !== 'info') return null
  const kind = (token: HeldToken) => endpoint === 'introspection' || token.kind === 'access'
  return choice.of(stock.kept.filter((token) => token.surface === surface && kind(token)))
}

function askerOf(
  { surface, endpoint }: Operation,
  template: Said,
  token: HeldToken | null,
  stock: Stock,
  choice: Choice,
): Asker {
  if (surface === 'newstore') return NOBODY
  if (endpoint === 'info') return { client: null, bearer: token }
  if (endpoint === 'introspection') {
    const bearer = stock.kept.find(
      (each) =>
        each !== token && each.surface === 'spree' && each.kind === 'access' && each.client === token?.client,
    )
    if (surface === 'spree' && bearer !== undefined && choice.percent(60)) return { client: null, bearer }
    const own = CLIENTS.find(({ id, secret }) => id === token?.client && secret !== null)
    return { client: own !== undefined && choice.percent(50) ? own : RESOURCE_SERVER, bearer: null }
  }
  if (token !== null) return { client: CLIENTS.find(({ id }) => id === token.client) ?? null, bearer: null }
  if (endpoint !== 'token') return NOBODY
  if (template.grant_type === 'client_credentials') {
    return { client: template.scope === 'admin' ? CLIENT : choice.of([CLIENT, OPAQUE_CLIENT]), bearer: null }
  }
  const named = 'client_id' in template
  // Nobody needs a client to log in at Spree.
  if (surface === 'spree' && !named && choice.percent(60)) return NOBODY
  if (template.scope !== undefined && template.scope !== null) {
    return { client: template.scope === 'admin' ? CLIENT : choice.of([CLIENT, OPAQUE_CLIENT]), bearer: null }
  }
  return { client: choice.of([CLIENT, OPAQUE_CLIENT, { id: PUBLIC_CLIENT, secret: null }]), bearer: null }
}

/** The template with what is right here in the place of its examples; who asks is said elsewhere. */
function filled(
  { surface }: Operation,
  template: Said,
  token: HeldToken | null,
  asker: Asker,
  choice: Choice,
): Said {
  const { client_id: _id, client_secret: _secret, scope, ...said } = template
  const user =
    scope === 'admin' ? PEOPLE.find(({ username }) => username === SPREE_USERNAME) : choice.of(PEOPLE)
  // A refresh has what was granted, which for most is not what the example asks for.
  const asks =
    scope !== undefined && asker.client?.id !== PUBLIC_CLIENT && (token === null || surface === 'newstore')
  return {
    ...said,
    ...('username' in said && { username: user?.username }),
    ...('password' in said && { password: user?.password }),
    ...('refresh_token' in said && { refresh_token: token?.text }),
    ...('token' in said && { token: token?.text }),
    ...(asks && { scope }),
  }
}
