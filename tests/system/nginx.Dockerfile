# Debian's nginx with the examples of deploy/nginx, which is the context; the API is found by its name in compose.
FROM node:24-bookworm-slim
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends nginx-light \
 && rm -rf /var/lib/apt/lists/* /etc/nginx/sites-enabled/default
COPY *.conf /examples/
RUN sed -i 's/127\.0\.0\.1:8001/api:8001/' /examples/*.conf
