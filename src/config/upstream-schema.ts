import { type Draft, mappingIn, textIn, textsIn } from './draft.ts'
import { upstreamUrl } from './network-values.ts'
import { documented, mappingOf } from './option.ts'
import type { Finding } from './problem.ts'
import {
  trueOrFalse,
  upstreamConcurrency,
  upstreamFailures,
  upstreamPause,
  upstreamTimeout,
} from './scalar-values.ts'

/** The options of `upstream` of a legacy surface. */
export const UPSTREAM_SHAPE = {
  url: documented(upstreamUrl, {
    sentence:
      "What stands before the surface's own paths on the other server: `https`, or `http` on a loopback host. `/v0/token` or `/spree_oauth/token` is added to it.",
    type: 'URL',
    default: 'required',
  }),
  users: documented(trueOrFalse.optional(), {
    sentence: 'Whether it is asked for users who are not here, or came without a password.',
    type: '`true` or `false`',
    default: '`true`',
  }),
  tokens: documented(trueOrFalse.optional(), {
    sentence: 'Whether it is asked for refresh tokens that are not here; on spree for access tokens as well.',
    type: '`true` or `false`',
    default: '`true`',
  }),
  timeoutSeconds: documented(upstreamTimeout.optional(), {
    sentence: 'How long it may take for one answer; after that 503.',
    type: 'seconds',
    default: '`5`',
  }),
  concurrency: documented(upstreamConcurrency.optional(), {
    sentence:
      'How many requests each process sends it at a time; as many more wait, and what is beyond gets 503.',
    type: 'number',
    default: '`32`',
  }),
  failures: documented(upstreamFailures.optional(), {
    sentence:
      'After how many failures in a row a process leaves it alone, and answers 503 at once: no connection, no answer in time, or 502, 503 or 504.',
    type: 'number',
    default: '`5`',
  }),
  pauseSeconds: documented(upstreamPause.optional(), {
    sentence: 'For how long it does. Then one request tries.',
    type: 'seconds',
    default: '`30`',
  }),
}

export const upstream = mappingOf(UPSTREAM_SHAPE)

/** A server that asks itself would ask for ever: after the switch the old name may well lead here. */
export function findUpstreamProblems(tenant: Draft): readonly Finding[] {
  const surfaces = mappingIn(tenant, 'surfaces')
  const hosts = textsIn(tenant, 'hosts').map(({ text }) => text.toLowerCase())
  return ['newstore', 'spree'].flatMap((name): readonly Finding[] => {
    const surface = surfaces === null ? null : mappingIn(surfaces, name)
    const given = surface === null ? null : mappingIn(surface, 'upstream')
    const url = given === null ? null : textIn(given, 'url')
    const parsed = url === null ? null : URL.parse(url)
    if (given === null || parsed === null || !hosts.includes(parsed.hostname)) return []
    const message = `must not be at ${parsed.hostname}, a host of this tenant: the other server needs a name of its own`
    return [{ path: [...given.path, 'url'], message }]
  })
}
