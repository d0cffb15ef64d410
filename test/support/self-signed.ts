/**
 * A certificate for `localhost` that signs itself, with its key, good until 2126. Made by `openssl req -x509
 * -newkey ec -nodes -days 36500 -subj /CN=localhost -addext subjectAltName=DNS:localhost`; worth nothing elsewhere.
 */
export const SELF_SIGNED_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCGV/9yb/48bwwlCF
lr9jFQKaFUqYpCfpLBZIUk6xf9uhRANCAAQyLFIhClUjRULNsREsTRRjo3nsG4c7
zqVbPC6uQLmX99VPtaxOTTYHLrcIcUrlGPhHxVROs0o5+KPyUBdEfajg
-----END PRIVATE KEY-----
`;

export const SELF_SIGNED_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBlDCCATugAwIBAgIUZeV3I3x0YdwjVcwFZyyQ1/oydQQwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyOTIwNTc1MloYDzIxMjYxMTA1
MjA1NzUyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQyLFIhClUjRULNsREsTRRjo3nsG4c7zqVbPC6uQLmX99VPtaxOTTYH
LrcIcUrlGPhHxVROs0o5+KPyUBdEfajgo2kwZzAdBgNVHQ4EFgQUX2cKeJg5/R1M
kuaz/ZL23ouMT48wHwYDVR0jBBgwFoAUX2cKeJg5/R1Mkuaz/ZL23ouMT48wDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
RwAwRAIgeZv+fTNWlPwUM89flNdyg4sfPpWuQwyCR2BLy2PuN28CIB9ePPBOgbxF
IOPk4NsC5wvX4D1eB1pPHtY1yzGpU+Jy
-----END CERTIFICATE-----
`;
