interface ImportMetaEnv {
  /** The API's base URL, without a slash at its end; missing where nothing was set. */
  readonly WARD_API_URL?: string;
}
