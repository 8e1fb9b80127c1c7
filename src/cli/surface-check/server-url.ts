import { InvalidArgumentError } from 'commander'

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** Where a server is, with the path its surface is below. Throws `InvalidArgumentError`. */
export function serverUrl(text: string): URL {
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null
  if (url === null) throw new InvalidArgumentError('Give a URL, such as https://shop.example.')
  if (url.username !== '' || url.password !== '') {
    throw new InvalidArgumentError('Put no user name and password into the URL.')
  }
  if (url.search !== '' || url.hash !== '') {
    throw new InvalidArgumentError('Give a URL without query and fragment.')
  }
  if (/\/(v0|spree_oauth)(\/|$)/.test(url.pathname)) {
    throw new InvalidArgumentError(
      'Give the URL without the path of the surface (/v0/…, /spree_oauth/…), such as https://shop.example.',
    )
  }
  return url
}

/** Whether passwords would be sent where others can read them. */
export function isInTheClear({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !LOOPBACK.test(hostname)
}
