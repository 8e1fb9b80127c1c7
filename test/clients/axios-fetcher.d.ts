/** Its own types are not found under `nodenext`. It is CommonJS: who imports it gets its exports, or their `default`. */
declare module '@spree/axios-fetcher' {
  import type { CreateFetcher } from '@spree/storefront-api-v2-sdk'

  const fetcher: CreateFetcher | { readonly default: CreateFetcher }
  // biome-ignore lint/style/noDefaultExport: it is what the package exports
  export default fetcher
}
