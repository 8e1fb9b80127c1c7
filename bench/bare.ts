import type { RequestListener } from 'node:http'

/** The least any token endpoint has to do: read a form, answer JSON. */
export function bare(): RequestListener {
  return (request, response) => {
    let body = ''
    request.setEncoding('latin1')
    request.on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      const form = new URLSearchParams(body)
      const answer = JSON.stringify({
        access_token: form.get('client_id'),
        token_type: 'Bearer',
        expires_in: 3600,
      })
      response.writeHead(200, {
        'Content-Type': 'application/json',
        'Cache-Control': 'no-store',
        'Content-Length': Buffer.byteLength(answer),
      })
      response.end(answer)
    })
  }
}
