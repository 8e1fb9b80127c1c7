import { type BodyType, bodyTypeOf } from '../protocol/media-type.ts'
import { decodeFormComponent, type Parameters } from '../protocol/parameters.ts'
import type { BodyShape } from '../store/findings.ts'
import { parseMultipart } from '../surfaces/spree-multipart.ts'
import { parseXml } from '../surfaces/spree-xml.ts'

/** What a body is by its first characters; null: nothing of all this. */
export function shapeOf(body: string): BodyShape | null {
  const text = body.slice(0, 1000).trimStart()
  if (/^[{[]/.test(text)) return 'JSON'
  if (text.startsWith('<')) return 'XML'
  if (text.startsWith('--')) return 'multipart'
  return /^[\w.%[\]-]{1,100}=/.test(text) ? 'form' : null
}

/** Without a value where that is no text, as JSON has them. */
export type Pair = readonly [name: string, value: string | null]

/**
 * The parameters of a body, as far as anything can be read: of a form whatever can, of what says it is something else
 * what it looks like. Null for what can not be read.
 */
export function pairsOf(body: string, contentType: string | null): readonly Pair[] | null {
  if (body.trim() === '') return []
  switch (readableAs(bodyTypeOf(contentType), shapeOf(body))) {
    case 'JSON':
      return pairsOfJson(body)
    case 'XML':
      return pairsOfMap(() => parseXml(body, LENIENT))
    case 'multipart':
      return pairsOfMap(() => parseMultipart(body, contentType ?? '', LENIENT))
    case 'form':
      return pairsOfForm(body)
    default:
      return null
  }
}

const LENIENT = { repeated: 'last', empty: 'keep', structured: 'text' } as const

function readableAs(type: BodyType, shape: BodyShape | null): BodyShape | null {
  if (type === 'multipart') return 'multipart'
  return shape === 'multipart' ? null : shape
}

/** What stands in a form, undecoded; nothing of other bodies. The last of two of a name. */
export function undecodedPairs(body: string, contentType: string | null): ReadonlyMap<string, string> {
  if (!['form', 'none'].includes(bodyTypeOf(contentType))) return new Map()
  return new Map(
    body.split('&', 100).map((pair) => {
      const equals = pair.indexOf('=')
      return equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
    }),
  )
}

/** Also of a query string. */
export function pairsOfForm(body: string): readonly Pair[] {
  return body
    .split('&', 100)
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=')
      const [name, value] = equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
      return [formDecoded(name), formDecoded(value)]
    })
}

/** As `decodeFormComponent`; as it is, where it can not be decoded. */
export function formDecoded(text: string): string {
  try {
    return decodeFormComponent(text)
  } catch {
    return text
  }
}

function pairsOfJson(body: string): readonly Pair[] | null {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
    const members = Object.entries(value).slice(0, 100)
    return members.map(([name, member]) => [name, typeof member === 'string' ? member : null])
  } catch {
    return null
  }
}

function pairsOfMap(read: () => Parameters): readonly Pair[] | null {
  try {
    return [...read()]
  } catch {
    return null
  }
}
