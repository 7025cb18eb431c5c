/** What Vite makes of an import, and what TypeScript's library does not know yet. */
declare module '*?worker&url' {
  const url: string
  export default url
}

type TrustedScriptURL = { toString(): string }
declare var trustedTypes:
  | {
      createPolicy(
        name: string,
        rules: { createScriptURL(url: string): string },
      ): { createScriptURL(url: string): TrustedScriptURL }
    }
  | undefined

/** Where `@globus/sdk` finds Globus Auth. */
declare var GLOBUS_SDK_SERVICE_URL_AUTH: string | undefined

/** Not there in a browser; what the client shares with Node asks whether it is. */
declare var process: { env: Record<string, string | undefined> }
