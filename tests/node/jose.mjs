// Ward's access tokens, read and written by a library that shares no code with Ward. One JSON object comes in, one goes out.
import { calculateJwkThumbprint, createRemoteJWKSet, importJWK, jwtVerify, SignJWT } from 'jose';
import { text } from 'node:stream/consumers';

const { url, issuer, audience, now, token, key, claims } = JSON.parse(await text(process.stdin));

const { payload, protectedHeader } = await jwtVerify(token, createRemoteJWKSet(new URL(url)), {
  issuer,
  audience,
  typ: 'at+jwt',
  algorithms: ['ES256'],
  currentDate: new Date(now * 1000),
  // RFC 9068, section 2.2.
  requiredClaims: ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'],
});

const signed = await new SignJWT(claims)
  .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.kid })
  .sign(await importJWK(key, 'ES256'));

console.log(JSON.stringify({ payload, header: protectedHeader, thumbprint: await calculateJwkThumbprint(key), signed }));
