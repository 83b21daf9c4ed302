/** Who this service is to the mesh. */
export interface Identity {
  dropletId: number;
  version: string;
  publicUrl: string;
  registryUrl: string;
  buildDate: string;
  commitHash: string;
  /** Whether callers have to sign in; an open service says so in /info. */
  isSignInOn: boolean;
}
