import type { FoundRefusal, RefusalResource } from '../admin/operations/refusals.ts'
import { card, printable, table } from './table.ts'

/** Columns that a paragraph fills. */
const WIDTH = 100

/** One refusal for people: the request, why it was refused, and what to do. */
export function refusalText(refusal: FoundRefusal): string {
  const { diagnosis, earlier } = refusal
  const { title, explanation, facts, next, sources } = diagnosis
  return [
    `${printable(title)}.\n`,
    requestCard(refusal),
    `Why\n${[explanation, ...facts.map(({ says }) => says)].map(bullet).join('')}`,
    `What to do\n${next.map(bullet).join('')}`,
    ...(sources.length === 0 ? [] : [`See ${sources.join(', ')}.\n`]),
    ...(earlier === 0 ? [] : [`${earlierText(earlier)} the same request id: this is the latest.\n`]),
  ].join('\n')
}

function earlierText(earlier: number): string {
  return earlier === 1
    ? 'One earlier refusal has'
    : `${earlier === 100 ? '100 or more' : earlier} earlier refusals have`
}

function requestCard(refusal: RefusalResource): string {
  const { request, at, status, code, reason, tenant, surface, grant, client, user, source } = refusal
  const { method, path, query, host, userAgent, contentType, contentLength, authorization } = request
  const { headers, parameters } = request
  return card([
    ['request id', refusal.requestId],
    ['at', at.replace('T', ' ')],
    ['answered', `${status} ${code} (${reason})`],
    [
      'request',
      `${method} ${path}${query.length === 0 ? '' : `?${query.map((name) => `${name}=…`).join('&')}`}`,
    ],
    ['host', host],
    ['tenant', tenant ?? 'none'],
    ['surface', surface],
    ['grant', grant],
    ['client', client],
    ['user', user],
    ['source', source],
    ['user agent', userAgent],
    ['content type', contentType ?? 'none'],
    ['content length', contentLength === null ? null : String(contentLength)],
    ['authorization', authorization],
    ['headers', headers.length === 0 ? null : headers.join(', ')],
    ['parameters', parameters === null ? 'not read' : parametersText(parameters)],
  ])
}

function parametersText(parameters: NonNullable<RefusalResource['request']['parameters']>): string {
  if (parameters.length === 0) return 'none'
  return parameters.map(({ name, value }) => `${name}=${value}`).join(' & ')
}

/** A sentence with a dash before it, in lines. */
function bullet(text: string): string {
  const lines = ['']
  for (const word of printable(text).split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && line.length + word.length + 1 > WIDTH - 4) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return `  - ${lines.join('\n    ')}\n`
}

export function refusalTable(refusals: readonly RefusalResource[]): string {
  return table<RefusalResource>(
    [
      { title: 'time', value: ({ at }) => at.replace('T', ' ') },
      { title: 'request id', value: ({ requestId }) => requestId },
      { title: 'tenant', value: ({ tenant }) => tenant ?? '' },
      { title: 'surface', value: ({ surface }) => surface },
      { title: 'who', value: ({ user, client }) => user ?? client ?? '?' },
      { title: 'source', value: ({ source }) => source ?? '' },
      { title: 'reason', value: ({ reason }) => reason },
      { title: 'most likely', value: ({ diagnosis }) => diagnosis.facts[0]?.says ?? '' },
    ],
    refusals,
    'No refused requests are kept.',
  )
}
