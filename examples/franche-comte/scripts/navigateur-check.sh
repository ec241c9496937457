#!/bin/sh
# La politique est la nôtre si sa première page est l’espace numérique de travail.
grep -qs '"URL": "https://ent.region.example"' /etc/firefox/policies/policies.json
