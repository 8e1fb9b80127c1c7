/** The media types whose bodies some surface reads. */
export type BodyType = 'form' | 'json' | 'multipart' | 'xml' | 'none' | 'other'

const BODY_TYPES: ReadonlyMap<string, BodyType> = new Map([
  ['application/x-www-form-urlencoded', 'form'],
  ['application/json', 'json'],
  ['multipart/form-data', 'multipart'],
  ['application/xml', 'xml'],
  ['text/xml', 'xml'],
])

/**
 * What a Content-Type header announces: case-insensitive, parameters ignored but a `charset`, which must be
 * UTF-8 (or its subset US-ASCII) for the body to be readable at all. A header that says two things announces nothing.
 */
export function bodyTypeOf(contentType: string | null): BodyType {
  if (contentType === null || contentType === '') return 'none'
  // The two spellings that nearly every client sends.
  if (contentType === 'application/x-www-form-urlencoded') return 'form'
  if (contentType === 'application/json') return 'json'
  const [essence = '', ...parameters] = contentType.split(';')
  const type = BODY_TYPES.get(essence.trim().toLowerCase())
  if (type === undefined || hasTwoValues(contentType)) return 'other'
  for (const parameter of parameters) {
    const charset = /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/i.exec(parameter)?.[1]
    if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)) return 'other'
  }
  return type
}

/** Of two headers of one name Fetch and most proxies make one, with a comma between (RFC 9110 §5.3). */
export function hasTwoValues(contentType: string): boolean {
  return contentType.includes(',') && contentType.replaceAll(/"[^"]*"/g, '').includes(',')
}
