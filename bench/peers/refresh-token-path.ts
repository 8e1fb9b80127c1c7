/** Where a peer gives a first refresh token, beside what it does itself. */
export const REFRESH_TOKEN_PATH = '/bench/refresh-token'
