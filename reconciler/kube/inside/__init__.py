"""Programs that run inside the containers of services: their text goes into manifests, nobody imports them."""
