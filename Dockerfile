# The operator's image. Built where an engine is at hand: docker build -t chippool .
FROM python:3.13-slim AS build
WORKDIR /src
RUN pip install --no-cache-dir uv==0.13.9
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY operator operator
RUN uv export --frozen --no-dev --no-emit-project -o requirements.txt \
 && python -m venv /app && /app/bin/pip install --no-cache-dir -r requirements.txt .

FROM python:3.13-slim
COPY --from=build /app /app
USER 65532:65532
ENV PATH=/app/bin:$PATH
ENTRYPOINT ["chippool"]
CMD ["run"]
