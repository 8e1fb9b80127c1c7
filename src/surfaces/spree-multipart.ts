import { OAuthError } from '../protocol/errors.ts'
import { addPair, MAX_PARAMETERS, type ParameterRules, type Parameters } from '../protocol/parameters.ts'

// RFC 2046 §5.1.1: 1 to 70 characters.
const BOUNDARY = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i
const DISPOSITION = /^content-disposition:\s*form-data\s*(;.*)$/i
const NAME = /;\s*name=(?:"([^"]*)"|([^\s;"]+))/i
const FILE_NAME = /;\s*filename\*?=/i

/**
 * Reads `multipart/form-data` (RFC 7578); parts with a file name are no parameters. Refuses with `malformed_body`
 * what is not exactly that: no boundary, no closing delimiter, a part without headers or without a name.
 */
export function parseMultipart(body: string, contentType: string, rules: ParameterRules): Parameters {
  const parameters = new Map<string, string>()
  if (body === '') return parameters
  const [, quoted, token] = BOUNDARY.exec(contentType) ?? []
  const boundary = quoted ?? token
  if (boundary === undefined) throw malformed('multipart_without_boundary')
  // The line break before a delimiter is part of it; the first one may stand at the very start.
  const parts = `\r\n${body}`.split(`\r\n--${boundary}`, MAX_PARAMETERS + 3)
  // What precedes the first delimiter is a preamble.
  for (const [index, part] of parts.slice(1).entries()) {
    if (part.startsWith('--')) return parameters
    if (index === MAX_PARAMETERS) throw new OAuthError('invalid_request', 'too_many_parameters')
    addPart(parameters, part, rules)
  }
  throw malformed('multipart_without_end')
}

/** `part` begins right after its delimiter. */
function addPart(parameters: Map<string, string>, part: string, rules: ParameterRules): void {
  const end = part.indexOf('\r\n\r\n')
  if (end === -1 || !/^[ \t]*\r\n/.test(part)) throw malformed('multipart_part_without_headers')
  for (const line of part.slice(0, end).split('\r\n')) {
    const disposition = DISPOSITION.exec(line)?.[1]
    if (disposition === undefined) continue
    if (FILE_NAME.test(disposition)) return
    const [, quoted, token] = NAME.exec(disposition) ?? []
    const name = quoted ?? token
    if (name === undefined) break
    addPair(parameters, name, part.slice(end + 4), rules)
    return
  }
  throw malformed('multipart_part_without_name')
}

function malformed(reason: string): OAuthError {
  return new OAuthError('malformed_body', reason)
}
