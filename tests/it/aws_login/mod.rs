//! Signing in to PostgreSQL and the cache by tokens of IAM's, over verified TLS.

mod cache;
mod postgres;
mod sigv4;
