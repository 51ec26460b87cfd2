"""HTTP of the sandbox: raw requests, routes, responses, Link headers and deliberately broken responses."""
