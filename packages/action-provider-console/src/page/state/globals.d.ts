/** Types of Vite's imports, and of features that TypeScript's library does not have yet. */
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

/** Absent in a browser. Code that the client shares with Node checks for it. */
declare var process: { env: Record<string, string | undefined> }
