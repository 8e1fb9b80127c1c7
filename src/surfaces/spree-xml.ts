import { SaxesParser } from 'saxes'
import { OAuthError } from '../protocol/errors.ts'
import { addPair, type ParameterRules, type Parameters } from '../protocol/parameters.ts'

/**
 * Reads the child elements of a root element, whatever its name, as parameters; attributes and comments mean nothing.
 * Refuses with `malformed_body` everything that makes XML dangerous or ambiguous: document types, and with them all
 * entities but the five of XML itself, processing instructions, deeper elements, text between the elements, other
 * encodings than UTF-8.
 */
export function parseXml(text: string, rules: ParameterRules): Parameters {
  const parameters = new Map<string, string>()
  if (text.trim() === '') return parameters
  const parser = new SaxesParser()
  let depth = 0
  let value = ''
  const read = (piece: string) => {
    if (depth === 2) value += piece
    else if (piece.trim() !== '') throw malformed('xml_text_between_elements')
  }
  parser.on('text', read)
  parser.on('cdata', read)
  parser.on('opentagstart', () => {
    depth++
    if (depth > 2) throw malformed('xml_nested_elements')
    value = ''
  })
  parser.on('closetag', ({ name }) => {
    if (depth === 2) addPair(parameters, name, value, rules)
    depth--
  })
  parser.on('doctype', () => {
    throw malformed('xml_document_type')
  })
  parser.on('processinginstruction', () => {
    throw malformed('xml_processing_instruction')
  })
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding !== undefined && !/^(utf-?8|us-ascii)$/i.test(encoding)) throw malformed('xml_encoding')
  })
  try {
    parser.write(text).close()
  } catch (cause) {
    throw cause instanceof OAuthError ? cause : malformed('broken_xml', cause)
  }
  return parameters
}

function malformed(reason: string, cause?: unknown): OAuthError {
  return new OAuthError('malformed_body', reason, { cause })
}
