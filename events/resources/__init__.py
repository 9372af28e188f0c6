"""Resources: what runs share, such as deployments; one module for each kind or close family."""
