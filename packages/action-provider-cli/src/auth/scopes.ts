/** The scopes of Globus's own services that the command line requests. */
export const scopes = {
  /** Identifies the user. Every login requests it, so that the tokens of two people are never mixed. */
  identity: 'openid profile email',
  openid: 'openid',
  viewIdentities: 'urn:globus:auth:scope:auth.globus.org:view_identities',
  manageProjects: 'urn:globus:auth:scope:auth.globus.org:manage_projects',
  viewGroups: 'urn:globus:auth:scope:groups.api.globus.org:view_my_groups_and_memberships',
} as const
