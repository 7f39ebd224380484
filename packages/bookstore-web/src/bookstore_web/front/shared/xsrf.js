// Proof that a request comes from a page of the notebook server, not from another site.

/**
 * Return the header that the notebook server checks. JupyterHub checks it for reading,
 * too, wherever a script asks.
 * @returns {Record<string, string>}
 */
export function xsrfHeader() {
  const token = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)?.[1];
  return token ? { "X-XSRFToken": token } : {};
}
